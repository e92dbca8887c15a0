"""How pages and notebook cells look: one style, two palettes."""

from __future__ import annotations

from .row_browser import BROWSER_STYLE

# What the report and the notebook's cells have in common. Colours are the palettes'.
FRAGMENT_STYLE = (
    """
h4, .row h3 { font-size: .8rem; font-weight: 600; margin: .9rem 0 .2rem; color: var(--muted); }
.verdict { border-left: .4rem solid var(--muted); background: var(--card); padding: 1rem 1.2rem; margin: 1.2rem 0; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.verdict strong { display: block; font-size: 1.5rem; line-height: 1.3; }
.verdict p { margin: .3rem 0 0; font-size: 1.1rem; max-width: 52rem; }
.good:not(section), .verdict.good strong { color: var(--good); }
.bad:not(section), .verdict.bad strong { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; table-layout: auto; width: 100%; margin: 0; border: 0;
  font-variant-numeric: tabular-nums; }
table.short { width: auto; min-width: min(36rem, 100%); }
caption { text-align: left; padding: 0 0 .4rem; color: var(--muted); font-size: .9rem; }
caption span { display: block; max-width: calc(100vw - 2rem); }
th, td { padding: .4rem .55rem; font-size: .94rem; border: 0; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; background: none; color: inherit; vertical-align: baseline; max-width: none; }
thead th { font-size: .82rem; color: var(--muted); vertical-align: bottom; border-bottom-color: var(--muted); }
th { font-weight: 600; } tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 10.5rem; }
th:first-child { text-align: left; } th.words, td.words { text-align: left; }
tr.decides td:not(.good):not(.bad) { font-weight: 600; }
details.row { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .45rem .8rem; }
summary { cursor: pointer; }
.row > summary { display: flex; gap: .8rem; align-items: baseline; list-style: none; }
.row > summary::-webkit-details-marker { display: none; }
.row > summary::before { content: "▸"; color: var(--muted); } .row[open] > summary::before { content: "▾"; }
.row > summary b { min-width: 6.5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.row > summary .opening { flex: 1; min-width: 0; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.row > summary small { color: var(--muted); max-width: 40%; overflow-wrap: anywhere; text-align: right; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); color: var(--ink); padding: .6rem;
  margin: 0; border-radius: 4px; font: .88rem/1.5 ui-monospace, monospace; unicode-bidi: plaintext; text-align: start; }
mark { background: var(--mark); color: inherit; }
dt { font-weight: 600; margin-top: .6rem; font-size: .9rem; } dd { margin: 0; unicode-bidi: plaintext; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 .8rem; } .pair > div { min-width: 0; }
@media (max-width: 40rem) { .pair { grid-template-columns: 1fr; }
  .row > summary { flex-wrap: wrap; gap: .1rem .6rem; } .row > summary .opening { flex-basis: 70%; }
  .row > summary small { max-width: 100%; } }
"""
    + BROWSER_STYLE
)
PAGE_STYLE = (
    """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f8fa; --ink: #1f2328; --muted: #57606a; --line: #d8dee3;
  --tie: #d0d7de; --good: #0b5d94; --bad: #a84400; --mark: #fff1c2; --band: #eef1f4; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161b; --card: #1b2129; --ink: #e8ebee; --muted: #a3adb8;
  --line: #343c46; --tie: #4a535e; --good: #62b5ea; --bad: #f59355; --mark: #5a4708; --band: #1e252d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 66rem; margin: 0 auto; padding: 0 1rem; }
main > p, main > ul { max-width: 52rem; }
a { color: var(--good); }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.6rem 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .6rem; line-height: 1.35; }
h2 small { display: block; font-size: .82rem; font-weight: 600; color: var(--muted); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
.sub { color: var(--muted); font-size: .92rem; margin: .2rem 0; }
.sub span { display: inline-block; margin-right: 1.2rem; overflow-wrap: anywhere; } .sub b { color: var(--ink); }
nav { font-size: .92rem; margin: .6rem 0 0; } nav a { display: inline-block; margin-right: 1.1rem; padding: .2rem 0; }
footer { color: var(--muted); font-size: .9rem; margin-top: 2rem; }
.banner { background: #ffd33d; color: #1f2328; text-align: center; font-weight: 700; padding: .5rem 1rem; }
#people > p { margin: .3rem 0; max-width: 52rem; } #people > p:only-child { color: var(--muted); }
#people > .scroll, figure + details { margin-top: 1rem; } figure + details caption { padding-top: .5rem; }
figure { margin: .8rem 0 0; overflow-x: auto; } figure svg { display: block; width: 100%; height: auto; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; }
dl.facts dt { margin: 0; } dl.facts dd { overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl.facts { grid-template-columns: 1fr; } dl.facts dd { margin-bottom: .5rem; }
  figure svg { min-width: 34rem; } h1 { font-size: 1.45rem; } .verdict p { font-size: 1rem; } }
"""
    + FRAGMENT_STYLE
    + """
@media print { :root { color-scheme: light; --paper: #fff; --card: #f6f8fa; --ink: #1f2328; --muted: #57606a;
  --line: #d8dee3; --tie: #d0d7de; --good: #0b5d94; --bad: #a84400; --mark: #fff1c2; --band: #eef1f4; }
  body { font-size: 10.5pt; } main, header, footer { max-width: none; } nav { display: none; }
  figure, .verdict, tr { break-inside: avoid; } h2, h3, summary { break-after: avoid; } .scroll { overflow: visible; }
  th, td { font-size: 8.5pt; padding: .25rem .3rem; } thead th { font-size: 7.5pt; } tbody th { min-width: 7.5rem; }
  figure svg { min-width: 0; }
  a { color: inherit; text-decoration: none; } }
"""
)
# JupyterLab's own colours, light or dark, where it has some; nested, because a notebook's cells share one page.
NOTEBOOK_STYLE = f"""
.model-evaluation {{ --ink: var(--jp-content-font-color1, currentColor); --paper: var(--jp-layout-color1, transparent);
  --muted: color-mix(in srgb, var(--ink) 78%, transparent); --line: color-mix(in srgb, var(--ink) 18%, transparent);
  --card: color-mix(in srgb, var(--ink) 5%, transparent); --mark: color-mix(in srgb, #ffd33d 38%, transparent);
  --good: color-mix(in srgb, #0080c8 62%, var(--ink)); --bad: color-mix(in srgb, #e06000 62%, var(--ink));
  color: var(--ink); font-size: 14px; line-height: 1.5; max-width: 66rem;
  .controls :is(input, select) {{ font-size: 13px; }} option {{ color: #1f2328; background: #fff; }}
  tbody tr, tbody tr:nth-child(odd), tbody tr:nth-child(even), tbody tr:hover {{ background: none; }}
{FRAGMENT_STYLE}}}
"""


def in_notebook(fragment: str) -> str:
    """A fragment with its style, for a notebook's cell."""
    return f'<style>{NOTEBOOK_STYLE}</style><div class="model-evaluation">{fragment}</div>'
