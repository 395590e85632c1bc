import { describe, expect, it } from 'vitest';
import { plainName, searchByPrefix } from '../../../examples/cities/src/cities/name-search.js';
import { city } from './city.js';

describe('plainName', () => {
  it.each([
    ['São Paulo', 'sao paulo'],
    ['Łódź', 'lodz'],
    ['Tromsø', 'tromso'],
    ['İzmir', 'izmir'],
    ['Diyarbakır', 'diyarbakir'],
    ['Gießen', 'giessen'],
    ['Đà Nẵng', 'da nang'],
    ['Москва', 'москва'],
  ])('%s is %s', (name, plain) => expect(plainName(name)).toBe(plain));
});

describe('searchByPrefix', () => {
  const cities = [
    city({ name: 'Zürich', population: 341_730 }),
    city({ name: 'Zurigo', population: 1 }),
    city({ name: 'Ennetbürgen', population: 4_000 }),
    city({ name: 'ZÜRICH-Nord', population: 500_000 }),
  ];
  const names = (prefix: string, limit = 10) => searchByPrefix(cities, prefix, limit).map(({ name }) => name);

  it('compares the beginning, whatever the case and the marks, and puts the most populous first', () => {
    expect(names('zur')).toEqual(['ZÜRICH-Nord', 'Zürich', 'Zurigo']);
    expect(names('ZÜRI')).toEqual(['ZÜRICH-Nord', 'Zürich', 'Zurigo']);
    expect(names('rich')).toEqual([]);
  });

  it('gives as many as were asked for', () => {
    expect(names('zur', 1)).toEqual(['ZÜRICH-Nord']);
  });
});
