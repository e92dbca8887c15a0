// Paper gets what is folded: tables, and of the rows the first three each way.
addEventListener("beforeprint", () => {
  const folded = "details:not(.row), h3 + .row, h3 + .row + .row, h3 + .row + .row + .row";
  document.querySelectorAll(folded).forEach(part => { part.open = true; });
});
