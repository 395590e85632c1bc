import type { City } from './city.js';

/** Letters that Unicode does not take apart into a plain letter and a mark. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
};

/** A name without marks and in lower case: `Łódź` → `lodz`. */
export function plainName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøłđðħı]/g, (letter) => PLAIN_LETTERS[letter] ?? letter);
}

/** The cities whose names begin with a prefix, whatever its case and marks, the most populous first. */
export function searchByPrefix(cities: readonly City[], prefix: string, limit: number): City[] {
  const wanted = plainName(prefix);
  return cities
    .filter((city) => plainName(city.name).startsWith(wanted))
    .toSorted((a, b) => b.population - a.population)
    .slice(0, limit);
}
