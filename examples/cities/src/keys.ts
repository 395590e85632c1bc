import { defineKey } from 'nestjs-redis-cache';
import type { City } from './cities/city.js';
import type { CountryStatistics } from './countries/country-statistics.js';

// Every key and every tag that is written in more than one place; keys with the type of their value.

/** The tag of whatever is made of the cities of one country. */
export function countryTag(code: string): string {
  return `country:${code}`;
}

/** The tag of the pages that show one city. */
export function cityTag(id: number | string): string {
  return `city:${id}`;
}

/** The tag of whatever any city may be part of. */
export const WORLD = 'world';

export const cityKey = defineKey<City>('city').by((id: number) => [id]);

export const countryKey = defineKey<CountryStatistics>('country').by((code: string) => [code], {
  tags: (code) => [countryTag(code)],
});

export const homeKey = defineKey<number>('home').by((visitor: string) => [visitor]);

export const visitsKey = defineKey<number>('visits').by((cityId: number) => [cityId]);
