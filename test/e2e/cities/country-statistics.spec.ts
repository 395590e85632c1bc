import { describe, expect, it } from 'vitest';
import { statisticsOf, statisticsOfAll } from '../../../examples/cities/src/countries/country-statistics.js';
import { city } from './city.js';

const cities = [
  city({ name: 'Bern', country: 'CH', population: 100 }),
  city({ name: 'Genf', country: 'CH', population: 400 }),
  city({ name: 'Kreis 1', country: 'CH', population: 9_000, district: true }),
  city({ name: 'Chur', country: 'CH', population: 0 }),
  city({ name: 'Wien', country: 'AT', population: 1_000 }),
];

describe('the statistics of a country', () => {
  it('count cities and not their districts', () => {
    expect(statisticsOf(cities, 'CH')).toEqual({
      code: 'CH',
      name: 'Switzerland',
      cities: 3,
      population: 500,
      medianPopulation: 250,
      largest: [
        { name: 'Genf', population: 400 },
        { name: 'Bern', population: 100 },
        { name: 'Chur', population: 0 },
      ],
    });
  });

  it('have the middle one of an odd number of populations as their median, and 0 of none', () => {
    expect(statisticsOf(cities, 'AT')).toMatchObject({ medianPopulation: 1_000 });
    expect(statisticsOf([city({ country: 'AT', population: 0 })], 'AT')).toMatchObject({
      medianPopulation: 0,
    });
  });

  it('are undefined where there are no cities', () => {
    expect(statisticsOf(cities, 'XX')).toBeUndefined();
  });

  it('come for all countries at once, the most populous first', () => {
    expect(statisticsOfAll(cities)).toEqual([statisticsOf(cities, 'AT'), statisticsOf(cities, 'CH')]);
    expect(statisticsOfAll([])).toEqual([]);
  });
});
