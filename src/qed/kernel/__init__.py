"""The only code that may conclude: rules, and the theorems that they alone can make."""
