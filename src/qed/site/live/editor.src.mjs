// The editor of a cell, bundled into editor.mjs as README.md says.
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

const setWrong = StateEffect.define();

// The line in which an error arose, until the cell is edited.
const wrongLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(setWrong)) {
        const { doc } = transaction.state;
        const there = effect.value >= 1 && effect.value <= doc.lines;
        return there ? Decoration.set(Decoration.line({ class: "qed-wrong" }).range(doc.line(effect.value).from)) : Decoration.none;
      }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// Tab stays the key that moves on; Ctrl-] and Ctrl-[ indent.
export function editor({ parent, text, label, onChange, keys }) {
  const state = EditorState.create({
    doc: text,
    extensions: [
      Prec.highest(keymap.of(keys.map(([key, run]) => ({ key, run: () => (run(), true), preventDefault: true })))),
      history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
      indentUnit.of("    "), EditorState.tabSize.of(4), python(), syntaxHighlighting(classHighlighter), wrongLine,
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
      EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
    ],
  });
  const view = new EditorView({ state, parent });
  return {
    text: () => view.state.doc.toString(),
    focus: () => view.focus(),
    wrong: (line) => view.dispatch({ effects: setWrong.of(line || 0) }),
    destroy: () => view.destroy(),
  };
}
