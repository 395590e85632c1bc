/** How the pages look, by day and by night. */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9;
  --card: #ffffff;
  --line: #dfe3e8;
  --text: #1c2430;
  --quiet: #5b6675;
  --accent: #0b6b74;
  --accent-text: #ffffff;
  --star: #b45f06;
  --good: #e3f4ea;
  --good-text: #14532d;
  --bad: #fdeaea;
  --bad-text: #8c1d18;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12171d;
    --card: #1b222b;
    --line: #303a46;
    --text: #e8ecf1;
    --quiet: #a3afbd;
    --accent: #53c5d0;
    --accent-text: #06262a;
    --star: #ffb454;
    --good: #12301f;
    --good-text: #b6efcb;
    --bad: #3d1715;
    --bad-text: #ffc9c4;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; }
.wide { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { background: var(--card); border-bottom: 1px solid var(--line); }
header .wide { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem; min-height: 4rem; padding-top: .6rem; padding-bottom: .6rem; }
.brand { color: var(--text); font-size: 1.25rem; font-weight: 700; text-decoration: none; }
.brand::before { content: '◍'; color: var(--accent); margin-right: .45rem; }
nav { display: flex; gap: 1.25rem; flex: 1; }
nav a { text-decoration: none; padding: .25rem 0; }
nav a[aria-current] { color: var(--text); font-weight: 600; border-bottom: 2px solid var(--accent); }
.visitor { display: flex; align-items: center; gap: .75rem; }
main.wide { padding-top: 1.5rem; padding-bottom: 3rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.125rem; margin: 0 0 .75rem; }
p { margin: .25rem 0 1rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.columns { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); align-items: start; margin-top: 1.25rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; }
.narrow { max-width: 26rem; margin: 1.5rem auto; }
.rows { list-style: none; margin: 0; padding: 0; }
.rows li { display: flex; align-items: center; gap: .75rem; padding: .6rem 0; border-top: 1px solid var(--line); }
.rows li:first-child { border-top: 0; }
.rows .what { flex: 1; min-width: 0; }
.rows strong { overflow-wrap: anywhere; }
label { display: block; font-weight: 600; margin-bottom: .3rem; }
label.check { display: flex; gap: .5rem; align-items: center; font-weight: 400; margin: 1rem 0; }
input[type='search'], input[type='text'], input[type='password'] {
  width: 100%; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--quiet); border-radius: .5rem; padding: .55rem .75rem;
}
.field { margin-bottom: 1rem; }
.search { display: flex; gap: .75rem; align-items: end; max-width: 34rem; }
.search .field { flex: 1; margin: 0; }
button {
  font: inherit; font-weight: 600; cursor: pointer; border-radius: .5rem; padding: .55rem 1rem;
  border: 1px solid var(--accent); background: var(--accent); color: var(--accent-text);
}
button.plain { background: transparent; color: var(--accent); }
button.danger { background: transparent; color: var(--bad-text); border-color: currentColor; }
button.star { background: transparent; border-color: transparent; color: var(--quiet); font-size: 1.35rem; line-height: 1; padding: .35rem .5rem; }
button.star[aria-pressed='true'] { color: var(--star); }
.card form + p { margin-top: 1.25rem; }
.card > :last-child { margin-bottom: 0; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
.badge { background: var(--good); color: var(--good-text); border-radius: 1rem; padding: .1rem .6rem; font-size: .8rem; font-weight: 600; white-space: nowrap; }
.notice { border-radius: .5rem; padding: .7rem 1rem; margin: 0 0 1rem; background: var(--good); color: var(--good-text); }
.notice.bad { background: var(--bad); color: var(--bad-text); }
.notice:empty { display: none; }
details { margin-top: 1.25rem; }
summary { cursor: pointer; color: var(--quiet); }
pre { overflow: auto; background: var(--ground); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; font-size: .85rem; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
.big { font-size: 3rem; line-height: 1; color: var(--accent); margin: 0; }
`.trimStart();
