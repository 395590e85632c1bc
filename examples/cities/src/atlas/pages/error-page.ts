import { html } from './html.js';
import { layout } from './layout.js';

/** What a page says that something went wrong. */
export interface ErrorView {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

export function errorPage({ status, title, text }: ErrorView): string {
  const content = html`<section class="card narrow" role="alert">
    <p class="big" aria-hidden="true">${status}</p>
    <h1>${title}</h1>
    <p>${text}</p>
    <p><a href="">Try again</a>, or go <a href="/atlas">to the start</a>.</p>
  </section>`;
  return layout({ title, user: null }, content);
}
