import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { handleOf, newSessionId, newVersion, userKeyOf } from '../../../../src/session/record/session-ids.js';

describe('names', () => {
  it('an id is 192 bits in base64url, a version 96, and no two are alike', () => {
    expect(newSessionId()).toMatch(/^[\w-]{32}$/);
    expect(newVersion()).toMatch(/^[\w-]{16}$/);
    for (const draw of [newSessionId, newVersion])
      expect(new Set(Array.from({ length: 1_000 }, draw)).size).toBe(1_000);
  });

  it('a handle is the SHA-256 of the id', () => {
    expect(handleOf('abc')).toBe(createHash('sha256').update('abc').digest('base64url'));
  });

  it('different users never share a key, even where UTF-8 would write them alike', () => {
    const users = ['1', '01', '', '%-', 'a\ud800', 'a\ud801', 'a\ufffd', '{a}', '%7Ba%7D'];
    expect(new Set(users.map(userKeyOf)).size).toBe(users.length);
    expect(userKeyOf('42')).toBe(createHash('sha256').update('42').digest('base64url'));
  });
});
