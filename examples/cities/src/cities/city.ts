/** A place on Earth, in degrees. */
export interface Point {
  readonly lat: number;
  readonly lon: number;
}

export interface City extends Point {
  readonly id: number;
  readonly name: string;
  /** ISO 3166-1 alpha-2, such as `DE`. */
  readonly country: string;
  /** 0 where it is not known. */
  readonly population: number;
  /** A part of another city, such as Kreuzberg of Berlin. */
  readonly district: boolean;
}
