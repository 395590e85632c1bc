/**
 * The pages' only script. Every form works without it; with it, forms that say `data-live` change the parts of the page that
 * say so too, and nothing flickers.
 */
export const SCRIPT = `
'use strict';

const parser = new DOMParser();

/** Puts the parts of an answer in the places of those of the page, and keeps the focus. */
async function show(response, url) {
  const here = new URL(response.url).pathname === location.pathname;
  if (!response.ok || !here) return false;
  const page = parser.parseFromString(await response.text(), 'text/html');
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll('[data-live-part]')) {
    const next = page.getElementById(part.id);
    if (next === null) return false;
    next.querySelector('details')?.toggleAttribute('open', part.querySelector('details')?.open ?? false);
    part.replaceWith(next);
  }
  if (focused) document.getElementById(focused)?.focus();
  if (url) history.replaceState(null, '', url);
  return true;
}

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (form.dataset.live === undefined || form.method !== 'post') return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  const shown = await fetch(form.action, { method: 'POST', body }).then(show).catch(() => false);
  // Whatever went wrong, the browser shows it better.
  if (!shown) form.submit();
});

let typing;
let asking = new AbortController();
document.addEventListener('input', (event) => {
  const form = event.target.form;
  if (form?.dataset.live === undefined || form.method !== 'get') return;
  clearTimeout(typing);
  // What was asked for before must not come after what is asked for now.
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  typing = setTimeout(async () => {
    const url = form.action + '?' + new URLSearchParams(new FormData(form));
    await fetch(url, { signal }).then((response) => show(response, url)).catch(() => false);
  }, 200);
});
`.trimStart();
