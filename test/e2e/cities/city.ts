import type { City } from '../../../examples/cities/src/cities/city.js';

/** A city of which only some things matter. */
export function city(some: Partial<City>): City {
  return { id: 1, name: 'Null', country: 'XX', population: 1, lat: 0, lon: 0, district: false, ...some };
}
