"""How the page looks: light and dark, on phones and on paper; nothing is fetched."""
# ruff: noqa: E501  # style sheets have no line to break

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--paper:#f4f5f7;--card:#fff;--ink:#1b1f27;--soft:#5c6472;
--edge:#dfe2e8;--answered:#2a6fdb;--busy:#e07b28;--no-answer:#c9a227;--unreachable:#a3478f;
--rest:#9aa1ad;--one:#b3261e;--five:#c9761a;--allowed:#1d7f4e;--empty:#eef0f4}
@media (prefers-color-scheme:dark){:root{--paper:#12151b;--card:#1b2029;--ink:#e8ebf1;
--soft:#a0a8b7;--edge:#303745;--answered:#5b96f5;--busy:#f0964a;--no-answer:#dcba4b;
--unreachable:#cb76b8;--rest:#6f7888;--one:#f2736b;--five:#eba255;--allowed:#55bd8a;
--empty:#252b36}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,
"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
main{max-width:1120px;margin:0 auto;padding:20px 16px 48px}
h1{font-size:1.5rem;line-height:1.25;margin:0}
h2{font-size:1.02rem;margin:0 0 10px}
p{margin:0}
.under{color:var(--soft);margin:4px 0 18px}
.pair{columns:2;column-gap:14px}
.card{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:14px 16px;
margin-bottom:14px;break-inside:avoid}
.card.long{break-inside:auto}
.tiles{display:grid;gap:10px;grid-template-columns:repeat(4,minmax(0,1fr));margin-bottom:14px}
.tile{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:10px 14px}
.tile b{display:block;font-size:1.4rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.84rem}
.advice{margin:0;padding:0;list-style:none;display:grid;gap:12px 20px;
grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}
.advice li{border-left:3px solid var(--answered);padding-left:11px}
.advice span{display:block;color:var(--soft);font-size:.9rem}
svg{display:block;width:100%;height:auto}
svg text{font-size:11px;fill:var(--soft);font-variant-numeric:tabular-nums}
svg .note{fill:var(--ink)}
svg .halo{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:3px}
.grid{stroke:var(--edge);stroke-width:1}
.line{fill:none;stroke:var(--ink);stroke-width:1.4;stroke-dasharray:3 3;opacity:.75}
.level{stroke-width:1.5;stroke-dasharray:6 3}
.level.one{stroke:var(--one)}.level.five{stroke:var(--five)}.level.allowed{stroke:var(--allowed)}
.mark{stroke:var(--ink);stroke-width:2}
.answered{fill:var(--answered)}.busy,.missed{fill:var(--busy)}.no-answer{fill:var(--no-answer)}
.unreachable{fill:var(--unreachable)}.rest{fill:var(--rest)}
.heat{fill:var(--answered)}.empty{fill:var(--empty)}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;color:var(--soft);font-size:.82rem;
margin:0 0 8px;padding:0;list-style:none}
.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px}
.legend i.answered{background:var(--answered)}.legend i.busy,.legend i.missed{background:var(--busy)}
.legend i.no-answer{background:var(--no-answer)}.legend i.rest{background:var(--rest)}
.legend i.unreachable{background:var(--unreachable)}
.legend i.dash{background:none;border-top:2px dashed var(--ink);height:0;width:16px;border-radius:0;
vertical-align:middle}
.legend i.tick{background:var(--ink);width:2px;height:12px;vertical-align:-2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{padding:4px 6px;text-align:left;border-bottom:1px solid var(--edge);white-space:nowrap}
th{color:var(--soft);font-weight:600;white-space:normal;word-break:keep-all;
vertical-align:bottom}
td.number,th.number{text-align:right}
td.words{white-space:normal;overflow-wrap:anywhere}
details{margin-top:10px}
summary{color:var(--soft);cursor:pointer;font-size:.86rem}
footer{color:var(--soft);font-size:.84rem;margin-top:18px}
@media (max-width:720px){.pair{columns:1}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}main{padding:14px 10px 32px}
.card{padding:12px}.tile b{font-size:1.2rem}svg text{font-size:12.5px}}
@page{margin:13mm}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--edge:#ccc;
--answered:#2a6fdb;--busy:#e07b28;--no-answer:#c9a227;--unreachable:#a3478f;--rest:#9aa1ad;
--one:#b3261e;--five:#c9761a;--allowed:#1d7f4e;--empty:#eef0f4}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}.tile{break-inside:avoid}
details:not([open]){display:none}.scroll{overflow:visible}}
"""
