# SPDX-License-Identifier: Apache-2.0
"""A page in one file that asks for nothing else: light and dark, on a phone and on a projector."""

from __future__ import annotations

from edgeinfer.report.picture import ROLES
from edgeinfer.report.svg import FONT, quoted

_NIGHT = {
    "ink": "#e8edf2",
    "dim": "#9aa7b4",
    "grid": "#2c3742",
    "ground": "#12181f",
    "shade": "#1d2630",
    "mark": "#ff6b8a",
}
_STYLE = """
:root { color-scheme: light dark; DAY }
@media (prefers-color-scheme: dark) { :root { NIGHT } }
body { margin: 0 auto; padding: 24px; max-width: 1400px; background: var(--ground);
  color: var(--ink); font: 15px/1.5 FONT; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 36px 0 8px; }
p { margin: 0 0 16px; color: var(--dim); }
svg { display: block; width: 100%; height: auto; }
ROLES
.narrow { display: none; }
@media (max-width: 700px) { body { padding: 14px; } .wide { display: none; }
  .narrow { display: block; } .less { display: none; } }
[data-key] { cursor: pointer; transition: opacity .12s; }
.chosen [data-key]:not(.on) { opacity: .22; }
table { border-collapse: collapse; width: 100%; margin: 20px 0; font-size: 14px; }
th { text-align: left; color: var(--dim); font-weight: 500; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--grid); }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child { text-align: left; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
  margin-right: 8px; vertical-align: -1px; }
.cards { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); }
.cards div { background: var(--shade); border-radius: 10px; padding: 12px 14px; }
.cards span, figcaption span { display: block; color: var(--dim); font-size: 13px; }
.cards b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-size: 13px; }
figcaption span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
#tip { position: fixed; z-index: 1; max-width: 300px; padding: 8px 12px; border-radius: 8px;
  background: var(--ink); color: var(--ground); font-size: 13px; white-space: pre-line;
  overflow-wrap: anywhere; pointer-events: none; opacity: 0; transition: opacity .12s; }
#tip.on { opacity: 1; }
@media print { #tip { display: none; } }
"""
_SCRIPT = """
const tip = document.getElementById('tip');
addEventListener('pointermove', show); addEventListener('pointerdown', show);
function show(event) {
  const found = event.target.closest && event.target.closest('[data-key]');
  document.querySelectorAll('.chosen').forEach(e => e.classList.remove('chosen'));
  document.querySelectorAll('[data-key].on').forEach(e => e.classList.remove('on'));
  const text = found && found.dataset.tip;
  tip.classList.toggle('on', !!text);
  if (!found) return;
  const part = found.closest('section') || document.body;
  part.classList.add('chosen');
  part.querySelectorAll('[data-key]').forEach(
    e => e.classList.toggle('on', e.dataset.key === found.dataset.key));
  if (!text) return;
  tip.textContent = text;
  const gap = 14, box = tip.getBoundingClientRect();
  const right = event.clientX + gap + box.width < innerWidth;
  const x = right ? event.clientX + gap : Math.max(4, event.clientX - gap - box.width);
  const below = event.clientY + gap + box.height < innerHeight;
  tip.style.left = x + 'px';
  tip.style.top = (below ? event.clientY + gap : event.clientY - gap - box.height) + 'px';
}
"""


def page(title: str, subtitle: str, body: str) -> str:
    """The text of an HTML file. What has a `data-key` lights up with all others of the same key,
    and its `data-tip` is shown; a `section` has keys of its own."""
    style = _STYLE.replace("DAY", _colours(ROLES)).replace("NIGHT", _colours(_NIGHT))
    roles = "\n".join(
        f".f-{r} {{ fill: var(--{r}); }} .s-{r} {{ stroke: var(--{r}); }}" for r in ROLES
    )
    style = style.replace("FONT", FONT).replace("ROLES", roles)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{quoted(title)}</title>
<style>{style}</style>
</head>
<body>
<h1>{quoted(title)}</h1>
<p>{quoted(subtitle)}</p>
{body}
<div id="tip" role="status"></div>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _colours(roles: dict[str, str]) -> str:
    return " ".join(f"--{role}: {value};" for role, value in roles.items())
