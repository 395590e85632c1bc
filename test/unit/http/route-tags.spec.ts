import { describe, expect, it } from 'vitest';
import { parametersIn, routeTags } from '../../../src/http/route/route-tags.js';

describe('the tags of a route', () => {
  it('are none where none are declared, and as declared without places', () => {
    expect(routeTags({ tags: undefined }, { id: '1' })).toEqual([]);
    const tags = ['products', 'odd{', '{}'];
    expect(routeTags({ tags }, { id: '1' })).toEqual(tags);
  });

  it('are filled with the parameters of the path, each once', () => {
    const tags = ['products', 'product:{id}', '{kind}/{id}/{id}', 'product:7'];
    expect(routeTags({ tags }, { id: '7', kind: 'ä b' })).toEqual(['products', 'product:7', 'ä b/7/7']);
  });

  it('take what stands in a parameter literally', () => {
    expect(routeTags({ tags: ['product:{id}'] }, { id: '$&{kind}', kind: 'x' })).toEqual([
      'product:$&{kind}',
    ]);
  });

  it('join the segments of a wildcard', () => {
    expect(routeTags({ tags: ['file:{path}'] }, { path: ['a', 'b'] })).toEqual(['file:a/b']);
  });

  it.each([{}, { id: undefined }, { id: '' }, Object.create({ id: '1' })])(
    'leave out one whose parameter the path left out: %j',
    (params) => {
      expect(routeTags({ tags: ['products', 'product:{id}'] }, params)).toEqual(['products']);
    },
  );

  it.each(['x'.repeat(300), '\ud800', '~u:1'])('are not to be had where one can be none: %j', (id) => {
    expect(routeTags({ tags: ['products', '{id}'] }, { id })).toBeUndefined();
  });
});

describe('the parameters of a path', () => {
  it.each([
    ['/products', []],
    ['/products/:id', ['id']],
    ['/:kind/:id/reviews', ['kind', 'id']],
    ['/:from-:to', ['from', 'to']],
    ['/files/*path', ['path']],
    ['/files{/:name}{.:ext}', ['name', 'ext']],
    ['/:"odd name"/:größe', ['odd name', 'größe']],
    ['/:id(\\d+)', ['id']],
    ['/files/*', []],
  ])('of %s', (path, names) => {
    expect([...parametersIn(path)]).toEqual(names);
  });
});
