import { describe, expect, it } from 'vitest';
import { distanceKm, nearestCities } from '../../../examples/cities/src/cities/nearest-cities.js';
import { city } from './city.js';

const BERLIN = { lat: 52.52437, lon: 13.41053 };
const PARIS = { lat: 48.85341, lon: 2.3488 };

describe('distanceKm', () => {
  it('is the great-circle distance', () => {
    expect(distanceKm(BERLIN, PARIS)).toBeCloseTo(878, -1);
    expect(distanceKm(BERLIN, BERLIN)).toBe(0);
  });

  it('is half the circumference between opposite points', () => {
    const half = Math.PI * 6371.0088;
    expect(distanceKm({ lat: 0, lon: 0 }, { lat: 0, lon: 180 })).toBeCloseTo(half, 3);
    expect(distanceKm({ lat: 90, lon: 0 }, { lat: -90, lon: 77 })).toBeCloseTo(half, 3);
  });

  it('goes the short way over the date line', () => {
    expect(distanceKm({ lat: 0, lon: 179.5 }, { lat: 0, lon: -179.5 })).toBeCloseTo(111.2, 1);
  });
});

describe('nearestCities', () => {
  const cities = [3, 1, 4, 1.5, 9, 2.6].map((lon, index) => city({ id: index, lon }));

  it('gives the closest first, and as many as were asked for', () => {
    expect(nearestCities(cities, { lat: 0, lon: 0 }, 3).map(({ lon }) => lon)).toEqual([1, 1.5, 2.6]);
  });

  it('gives all when there are fewer', () => {
    expect(nearestCities(cities, { lat: 0, lon: 0 }, 10).map(({ lon }) => lon)).toEqual([
      1, 1.5, 2.6, 3, 4, 9,
    ]);
    expect(nearestCities([], { lat: 0, lon: 0 }, 10)).toEqual([]);
  });

  it('leaves districts out', () => {
    const district = city({ id: 7, lon: 0.1, district: true });
    expect(nearestCities([district, ...cities], { lat: 0, lon: 0 }, 1)).toMatchObject([{ lon: 1 }]);
  });

  it('says how far away they are, to 100 m', () => {
    expect(nearestCities([city({ lon: 1 })], { lat: 0, lon: 0 }, 1)).toMatchObject([{ distanceKm: 111.2 }]);
  });
});
