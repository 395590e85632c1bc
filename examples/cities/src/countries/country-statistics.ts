import type { City } from '../cities/city.js';

/** What the cities of one country add up to. */
export interface CountryStatistics {
  /** ISO 3166-1 alpha-2. */
  readonly code: string;
  readonly name: string;
  readonly cities: number;
  /** Of all its cities together. */
  readonly population: number;
  /** Of the cities whose population is known. */
  readonly medianPopulation: number;
  /** The most populous, at most five. */
  readonly largest: readonly { readonly name: string; readonly population: number }[];
}

const LARGEST = 5;
const countryNames = new Intl.DisplayNames(['en'], { type: 'region' });

/** The statistics of one country; `undefined` when it has no cities. Districts do not count. */
export function statisticsOf(cities: readonly City[], code: string): CountryStatistics | undefined {
  const own = cities.filter((city) => city.country === code && !city.district);
  return own.length === 0 ? undefined : summarise(code, own);
}

/** The statistics of every country, the most populous first. Districts do not count. */
export function statisticsOfAll(cities: readonly City[]): CountryStatistics[] {
  const byCountry = new Map<string, City[]>();
  for (const city of cities) {
    if (city.district) continue;
    const own = byCountry.get(city.country);
    if (own === undefined) byCountry.set(city.country, [city]);
    else own.push(city);
  }
  return [...byCountry]
    .map(([code, own]) => summarise(code, own))
    .toSorted((a, b) => b.population - a.population);
}

function summarise(code: string, cities: readonly City[]): CountryStatistics {
  const descending = cities.toSorted((a, b) => b.population - a.population);
  return {
    code,
    name: countryNames.of(code) ?? code,
    cities: cities.length,
    population: cities.reduce((sum, city) => sum + city.population, 0),
    medianPopulation: median(descending.map((city) => city.population).filter((one) => one > 0)),
    largest: descending.slice(0, LARGEST).map(({ name, population }) => ({ name, population })),
  };
}

/** 0 of nothing. */
function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  const lower = sorted[Math.ceil(middle) - 1] ?? 0;
  return (lower + upper) / 2;
}
