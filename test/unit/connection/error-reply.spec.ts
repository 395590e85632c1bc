import { describe, expect, it } from 'vitest';
import { isDenial, kindOf, reasonOf } from '../../../src/connection/error-reply.js';

function withCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

describe('kindOf', () => {
  it.each([
    ['LOADING Redis is loading the dataset in memory', 'unavailable'],
    ['BUSY Redis is busy running a script.', 'unavailable'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'unavailable'],
    ['CLUSTERDOWN The cluster is down', 'unavailable'],
    ['NOAUTH Authentication required.', 'denied'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'denied'],
    ["READONLY You can't write against a read only replica.", 'read-only'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'command'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'command'],
    ["NOPERM this user has no permissions to run the 'flushall' command", 'command'],
    ['NOSCRIPT No matching script. Please use EVAL.', 'command'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'command'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'command'],
    ['BUSYKEY Target key name already exists.', 'command'],
    ["ERR unknown command 'FOO'", 'command'],
  ])('%s → %s', (message, kind) => {
    expect(kindOf(new Error(message))).toBe(kind);
  });

  it.each([
    new Error('Socket closed unexpectedly'),
    new Error('The client is closed'),
    new Error('Disconnects client'),
    new Error('The queue is full'),
    withCode('read ECONNRESET', 'ECONNRESET'),
    withCode('EPIPE', 'EPIPE'),
  ])('takes %s for no reply of Redis', (error) => {
    expect(kindOf(error)).toBe('transport');
  });
});

describe('isDenial', () => {
  it.each([
    new Error('WRONGPASS invalid username-password pair or user is disabled.'),
    new Error('NOAUTH HELLO must be called with the client already authenticated'),
    new Error('NOPERM this user has no permissions to access one of the keys used as arguments'),
    new Error('ERR DB index is out of range'),
    withCode('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
    withCode('unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    withCode('certificate has expired', 'CERT_HAS_EXPIRED'),
    withCode('altnames', 'ERR_TLS_CERT_ALTNAME_INVALID'),
  ])('%s', (error) => {
    expect(isDenial(error)).toBe(true);
  });

  it.each([
    withCode('connect ECONNREFUSED 127.0.0.1:6379', 'ECONNREFUSED'),
    withCode('getaddrinfo ENOTFOUND redis', 'ENOTFOUND'),
    new Error('LOADING Redis is loading the dataset in memory'),
    new Error('ERR max number of clients reached'),
    new Error('Connection timeout'),
  ])('not %s', (error) => {
    expect(isDenial(error)).toBe(false);
  });
});

describe('reasonOf', () => {
  it('says something of an error that has no message', () => {
    expect(reasonOf(withCode('', 'ECONNREFUSED'))).toBe('ECONNREFUSED');
    const both = new AggregateError([
      withCode('connect ECONNREFUSED ::1:6379', 'ECONNREFUSED'),
      new Error('other'),
    ]);
    expect(reasonOf(both)).toBe('connect ECONNREFUSED ::1:6379');
  });
});
