import type { City, Point } from './city.js';

export interface NearbyCity extends City {
  readonly distanceKm: number;
}

const EARTH_RADIUS_KM = 6371.0088;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** The great-circle distance of two points, by the haversine formula. */
export function distanceKm(a: Point, b: Point): number {
  const latA = a.lat * RADIANS_PER_DEGREE;
  const latB = b.lat * RADIANS_PER_DEGREE;
  const halfLat = (latB - latA) / 2;
  const halfLon = ((b.lon - a.lon) * RADIANS_PER_DEGREE) / 2;
  const chord = Math.sin(halfLat) ** 2 + Math.cos(latA) * Math.cos(latB) * Math.sin(halfLon) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
}

/** The cities closest to a point, the closest first. Looks at every city; districts do not count. */
export function nearestCities(cities: readonly City[], point: Point, limit: number): NearbyCity[] {
  const nearest: { readonly city: City; readonly distance: number }[] = [];
  for (const city of cities) {
    if (city.district) continue;
    const distance = distanceKm(point, city);
    const place = nearest.findIndex((other) => distance < other.distance);
    if (place !== -1) nearest.splice(place, 0, { city, distance });
    else if (nearest.length < limit) nearest.push({ city, distance });
    if (nearest.length > limit) nearest.pop();
  }
  return nearest.map(({ city, distance }) => ({ ...city, distanceKm: Math.round(distance * 10) / 10 }));
}
