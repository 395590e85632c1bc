import { describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '../../../src/errors.js';
import { parseRedisUrl } from '../../../src/connection/redis-url.js';

const nothing = {
  tls: false,
  host: undefined,
  port: undefined,
  path: undefined,
  username: undefined,
  password: undefined,
  database: undefined,
};

describe('parseRedisUrl', () => {
  it.each([
    ['redis://localhost', { host: 'localhost' }],
    ['redis://cache.internal:6380/2', { host: 'cache.internal', port: 6380, database: 2 }],
    ['redis://cache.internal/', { host: 'cache.internal' }],
    ['rediss://cache.internal', { tls: true, host: 'cache.internal' }],
    ['redis://:secret@h:1', { host: 'h', port: 1, password: 'secret' }],
    ['redis://ada:secret@h', { host: 'h', username: 'ada', password: 'secret' }],
    ['redis://ad%40a:p%40ss%2Fw%3Ard%25@h', { host: 'h', username: 'ad@a', password: 'p@ss/w:rd%' }],
    ['redis://[::1]:6379/0', { host: '::1', port: 6379, database: 0 }],
    ['unix:///run/redis/redis.sock', { path: '/run/redis/redis.sock' }],
    ['unix:///run/my%20redis.sock?db=3', { path: '/run/my redis.sock', database: 3 }],
    [
      'unix://ada:p%40ss@/run/redis.sock?db=1',
      { path: '/run/redis.sock', username: 'ada', password: 'p@ss', database: 1 },
    ],
    ['unix://:secret@/run/redis.sock', { path: '/run/redis.sock', password: 'secret' }],
  ])('reads %s', (url, expected) => {
    expect(parseRedisUrl(url, 'connection')).toEqual({ ...nothing, ...expected });
  });

  it.each([
    ['localhost:6379', /must begin with redis:\/\//],
    ['http://localhost:6379', /must begin with redis:\/\//],
    ['redis', /must be a URL such as/],
    ['redis://h/one', /index of a database/],
    ['redis://h/-1', /index of a database/],
    ['redis://h/1/2', /index of a database/],
    ['redis://h:99999', /must be a URL such as/],
    ['redis://h?timeout=1', /takes no \?query/],
    ['redis://:pa#ss@h', /must be a URL such as|has a '#'/],
    ['redis://:50%off@h', /%25/],
    ['unix://run/redis.sock', /absolute path/],
    ['unix:///', /absolute path/],
    ['unix:///r.sock?index=1', /no query but \?db=/],
  ])('refuses %s', (url, message) => {
    expect(() => parseRedisUrl(url, 'connection')).toThrow(InvalidOptionsError);
    expect(() => parseRedisUrl(url, 'connection')).toThrow(message);
  });

  it.each([
    'redis://ada:s3cret@h:99999',
    'redis://ada:s3cret@h/one',
    'http://ada:s3cret@h',
    'redis://ada:s3cret%@h',
    'redis://ada:s3cret#@h',
    'ada:s3cret@h',
    's3cret',
  ])('shows no password in the error for %s', (url) => {
    expect(() => parseRedisUrl(url, 'connection')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cret') as string }) as Error,
    );
  });
});
