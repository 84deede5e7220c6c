"""Showing the built site on a port of this machine."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(SimpleHTTPRequestHandler):
    """A plain static server which, as public ones do, answers with 404.html where there is nothing."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the site's page for addresses that lead nowhere; for other errors the usual one."""
        page = Path(self.directory, "404.html")
        if code != 404 or not page.exists():
            return super().send_error(code, message, explain)
        content = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def serve(site: Path, ports: range = range(8000, 8020)) -> int:
    """Serve a site on the first free port until Ctrl-C; return what the command returns."""
    if not (site / "index.html").exists():
        print("There is no site yet; build it first: make html", file=sys.stderr)
        return 1
    handler = partial(Handler, directory=site)
    for port in ports:
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError:
            continue
        with server:
            print(f"The site is at http://127.0.0.1:{port}/ (stop with Ctrl-C)", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                print()
        return 0
    print(f"No port between {ports[0]} and {ports[-1]} is free.", file=sys.stderr)
    return 1
