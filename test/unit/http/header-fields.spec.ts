import { describe, expect, it } from 'vitest';
import { fieldsSince, fieldValue, headerFields, listMembers } from '../../../src/http/rule/header-fields.js';
import { storableHeaders } from '../../../src/http/rule/storable-headers.js';

describe('header fields', () => {
  it('are read by lower-cased name, as text or as a list of texts', () => {
    const fields = headerFields({
      'Content-Length': 5,
      Link: ['a', 'b'],
      'X-Number-List': [1, 2],
      gone: undefined,
    });
    expect([...fields]).toEqual([
      ['content-length', '5'],
      ['link', ['a', 'b']],
      ['x-number-list', ['1', '2']],
    ]);
  });

  it('that were added or changed are told from those that were there', () => {
    const before = headerFields({ same: 'a', changed: 'a', list: ['a', 'b'], longer: ['a'], always: 'a' });
    const now = headerFields({
      same: 'a',
      changed: 'b',
      list: ['a', 'b'],
      longer: ['a', 'b'],
      always: 'a',
      added: '',
    });
    const names = [...fieldsSince(before, now, new Set(['always', 'absent'])).keys()];
    expect(names).toEqual(['changed', 'longer', 'always', 'added']);
    expect([...fieldsSince(before, headerFields({}), new Set())]).toContainEqual(['same', []]);
  });

  it('with lists give their members trimmed and in lower case', () => {
    expect(listMembers(' Accept-Encoding ,, ORIGIN')).toEqual(['accept-encoding', 'origin']);
    expect(listMembers(['A', 'b, C'])).toEqual(['a', 'b', 'c']);
    expect(listMembers(undefined)).toEqual([]);
  });
});

describe('fieldValue', () => {
  it('finds a field whatever case its name is written in', () => {
    const headers = [{ name: 'ETag', value: '"1"' }];
    expect(fieldValue(headers, 'etag')).toBe('"1"');
    expect(fieldValue(headers, 'vary')).toBeUndefined();
  });
});

describe('storableHeaders', () => {
  it('leaves out fields of the connection, of the message and of the request', () => {
    const fields = headerFields({
      'Content-Type': 'text/plain',
      'Content-Length': '4',
      Age: '3',
      Connection: 'close, X-Hop',
      'X-Hop': '1',
      'Keep-Alive': '5',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'h2c',
      'X-Request-Id': '1',
      'X-Correlation-Id': '1',
      'Request-Id': '1',
      Traceparent: '1',
      'Server-Timing': 'db;dur=1',
      'RateLimit-Remaining': '1',
      'X-RateLimit-Limit': '1',
      'X-Request-Kind': 'kept',
      Link: ['</a>', '</b>'],
    });
    const names = new Map([['x-request-kind', 'X-Request-Kind']]);
    expect(storableHeaders(fields, names, new Set())).toEqual([
      { name: 'content-type', value: 'text/plain' },
      { name: 'X-Request-Kind', value: 'kept' },
      { name: 'link', value: ['</a>', '</b>'] },
    ]);
  });

  it('leaves out what the policy says speaks of one request', () => {
    const fields = headerFields({
      'X-Node': 'a',
      'Access-Control-Allow-Origin': 'https://a.example',
      ETag: '"1"',
    });
    const perRequest = new Set(['x-node', 'access-control-allow-origin']);
    expect(storableHeaders(fields, new Map(), perRequest)).toEqual([{ name: 'etag', value: '"1"' }]);
  });

  it('keeps the Date of who made the response, and that a field was taken away', () => {
    const fields = headerFields({ Date: 'Tue, 01 Jan 2030 00:00:00 GMT', 'Cache-Control': [] });
    expect(storableHeaders(fields, new Map(), new Set())).toEqual([
      { name: 'date', value: 'Tue, 01 Jan 2030 00:00:00 GMT' },
      { name: 'cache-control', value: [] },
    ]);
  });
});
