import { SCRIPT_PATH, STYLE_PATH } from './assets.js';
import { html, type Html } from './html.js';

/** What stands around every page. */
export interface Frame {
  readonly title: string;
  /** The path of the page among those of the navigation. */
  readonly current?: string;
  /** Who is signed in; `null` where nobody can tell. */
  readonly user?: string | undefined | null;
  /** Told once, on top of the page. */
  readonly notice?: string | undefined;
}

const NAVIGATION = [
  { path: '/atlas', label: 'Cities' },
  { path: '/atlas/devices', label: 'Devices' },
];

/** The text of a whole page. */
export function layout({ title, current, user, notice }: Frame, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Atlas</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${STYLE_PATH}" />
        <script src="${SCRIPT_PATH}" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <div class="wide">
            <a class="brand" href="/atlas">Atlas</a>
            <nav aria-label="Pages">${NAVIGATION.map((link) => linkTo(link, link.path === current))}</nav>
            <div class="visitor">${visitor(user)}</div>
          </div>
        </header>
        <main id="content" class="wide">
          <p id="notice" class="notice" role="status" data-live-part>${notice}</p>
          ${content}
        </main>
      </body>
    </html>`.toString();
}

function linkTo({ path, label }: { path: string; label: string }, current: boolean): Html {
  return current
    ? html`<a href="${path}" aria-current="page">${label}</a>`
    : html`<a href="${path}">${label}</a>`;
}

function visitor(user: Frame['user']): Html | undefined {
  if (user === null) return undefined;
  if (user === undefined) return html`<a href="/atlas/sign-in">Sign in</a>`;
  return html`<span>Signed in as <strong>${user}</strong></span>
    <form method="post" action="/atlas/sign-out"><button class="plain">Sign out</button></form>`;
}
