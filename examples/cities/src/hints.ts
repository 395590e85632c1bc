/** A request to try, and what it shows. */
export interface Hint {
  readonly about: string;
  readonly path: string;
  /** Further arguments of curl. */
  readonly curl?: string;
}

const BERLIN = '/cities/2950159';

export const hints: readonly Hint[] = [
  { about: '@Cacheable on a method: call it twice', path: '/cities/nearest?lat=52.52&lon=13.405' },
  { about: 'the same, for the beginning of a name', path: '/cities/search?prefix=sao%20p' },
  { about: '@Cacheable on a route: the response is kept', path: '/countries', curl: '-o /dev/null -D -' },
  {
    about: 'a response that says by its headers how long it is kept, and what it depends on',
    path: '/countries/de/name',
    curl: `-i -H 'Accept-Language: fr'`,
  },
  { about: 'a typed key, its tags, and getOrSet()', path: '/countries/de' },
  { about: 'a list that carries the tag of the country', path: '/countries/de/cities?limit=5' },
  { about: 'a typed key and @Cacheable', path: BERLIN },
  {
    about:
      '@CacheEvict: after this write, the city and all that has the tag of its country are looked up again',
    path: `${BERLIN}/population`,
    curl: `-X PUT -H 'Content-Type: application/json' -d '{"population":3700000}'`,
  },
  { about: 'a page with a counter: call it twice', path: `${BERLIN}/visits`, curl: '-i' },
  { about: 'a change at its URL, which drops the page', path: `${BERLIN}/visits`, curl: '-X POST' },
  {
    about: 'what the page of one visitor is made of; then GET it with the same Authorization',
    path: '/my/city',
    curl: `-X PUT -H 'Authorization: Bearer ann' -H 'Content-Type: application/json' -d '{"city":2950159}'`,
  },
  { about: 'hits and misses of every cache', path: '/stats' },
];

/** The text that is printed at start: how many cities there are, the commands to try, and where the caches live. */
export function describeHints(url: string, cities: number, redisUrl: string | undefined): string {
  const commands = hints.flatMap(({ about, path, curl }) => [
    `  # ${about}`,
    `  curl -s -w '\\n%{time_total} s\\n' ${curl === undefined ? '' : `${curl} `}'${url}${path}'`,
  ]);
  const place =
    redisUrl === undefined
      ? 'Caches live in this process. On Redis, and with sessions: REDIS_URL=redis://127.0.0.1:6379 npm start'
      : `Caches live in Redis. See two processes stay coherent: npm run start:two\nSessions too. In a browser: ${url}/atlas`;
  return ['', `${cities.toLocaleString('en')} cities. Try:`, ...commands, '', place, ''].join('\n');
}
