import { html, type Html } from './html.js';

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A time in words, as seen from now: `3 minutes ago`. */
export function moment(time: number, now: number = Date.now()): Html {
  return html`<time datetime="${new Date(time).toISOString()}">${inWords(now - time)}</time>`;
}

function inWords(elapsed: number): string {
  const [unit, length] = UNITS.find(([, size]) => elapsed >= size) ?? [];
  if (unit === undefined || length === undefined) return 'just now';
  return RELATIVE.format(-Math.floor(elapsed / length), unit);
}
