import type { City } from '../../cities/city.js';
import { html, type Html } from '../pages/html.js';
import { layout } from '../pages/layout.js';
import type { VisitorSession } from '../visitor-session.js';

/** What the page shows. */
export interface FavouritesView {
  /** How many cities there are. */
  readonly count: number;
  /** What was searched for; empty = nothing. */
  readonly query: string;
  readonly found: readonly City[];
  readonly favourites: readonly City[];
  readonly session: VisitorSession;
  readonly notice: string | undefined;
}

const COUNTRIES = new Intl.DisplayNames(['en'], { type: 'region' });

export function favouritesPage(view: FavouritesView): string {
  const { count, query, found, favourites, session, notice } = view;
  const starred = new Set(favourites.map(({ id }) => id));
  const content = html`<h1>Cities of the world</h1>
    <p class="quiet">
      Search among ${count.toLocaleString('en')} of them, and star those you like. They are kept in your
      session.
    </p>
    <form class="search" role="search" method="get" action="/atlas" data-live>
      <div class="field">
        <label for="q">Name of a city</label>
        <input id="q" name="q" type="search" value="${query}" maxlength="60" autocomplete="off" />
      </div>
      <button>Search</button>
    </form>
    <div class="columns">
      <section id="found" class="card" aria-labelledby="found-title" data-live-part>
        <h2 id="found-title">${query === '' ? 'The largest' : `Beginning with “${query}”`}</h2>
        ${rows(found, 'No city begins like that.', (city) => star(city, starred.has(city.id), query))}
      </section>
      <section id="favourites" class="card" aria-labelledby="favourites-title" data-live-part>
        <h2 id="favourites-title">Your favourites</h2>
        ${rows(favourites, 'None yet. Star a city to keep it here.', (city) => removal(city, query))}
        ${peek(session)}
      </section>
    </div>`;
  return layout({ title: 'Cities', current: '/atlas', user: session.user, notice }, content);
}

function rows(cities: readonly City[], none: string, action: (city: City) => Html): Html {
  if (cities.length === 0) return html`<p class="quiet">${none}</p>`;
  return html`<ul class="rows">
    ${cities.map(
      (city) =>
        html`<li>
          <span class="what"
            ><strong>${city.name}</strong><br /><span class="quiet small">${describe(city)}</span></span
          >
          ${action(city)}
        </li>`,
    )}
  </ul>`;
}

function describe({ country, population }: City): string {
  const place = COUNTRIES.of(country) ?? country;
  return population === 0 ? place : `${place} · ${population.toLocaleString('en')} people`;
}

function star({ id, name }: City, starred: boolean, query: string): Html {
  const action = starred ? 'remove' : 'add';
  return form(
    { action, id, query },
    html`<button
      class="star"
      id="star-${id}"
      aria-pressed="${String(starred)}"
      aria-label="Favourite: ${name}"
    >
      ${starred ? '★' : '☆'}
    </button>`,
  );
}

function removal({ id, name }: City, query: string): Html {
  return form(
    { action: 'remove', id, query },
    html`<button class="plain" id="remove-${id}" aria-label="Remove ${name}">Remove</button>`,
  );
}

function form({ action, id, query }: { action: string; id: number; query: string }, button: Html): Html {
  return html`<form method="post" action="/atlas/favourites/${action}" data-live>
    <input type="hidden" name="city" value="${id}" />
    <input type="hidden" name="q" value="${query}" />
    ${button}
  </form>`;
}

function peek(session: VisitorSession): Html {
  const fields = Object.fromEntries(Object.entries(session).filter(([name]) => name !== 'cookie'));
  return html`<details>
    <summary>What your session holds</summary>
    <pre>${JSON.stringify(fields, null, 2)}</pre>
  </details>`;
}
