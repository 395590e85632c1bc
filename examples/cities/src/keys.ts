import { defineKey } from 'nestjs-redis-cache';
import type { City } from './cities/city.js';
import type { CountryStatistics } from './countries/country-statistics.js';

// Every key that is written in more than one place, with the type of its value.

export const cityKey = defineKey<City>('city').by((id: number) => [id]);

export const countryKey = defineKey<CountryStatistics>('country').by((code: string) => [code]);

export const visitsKey = defineKey<number>('visits').by((cityId: number) => [cityId]);
