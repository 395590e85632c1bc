import { describe, expect, it } from 'vitest';
import { CHANGE_TOPIC, MessageReader, Voice } from '../../../src/connection/change-message.js';

const read = (reader: MessageReader, text: string): readonly string[] | undefined =>
  reader.read(Buffer.from(text));

describe('a voice', () => {
  it('numbers its messages, under a name of its own', () => {
    const voice = new Voice(() => false);
    const [first, second] = [voice.next(), voice.next()];
    expect(first).toMatch(/^[\w-]{11}:1$/);
    expect(second).toBe(first.replace(/1$/, '2'));
    expect(new Voice(() => false).next()).not.toBe(first);
    expect(voice.topic).toBe(CHANGE_TOPIC);
  });

  it('uses up no number while it is silent', () => {
    let silent = true;
    const voice = new Voice(() => silent);
    expect([voice.topic, voice.next(), voice.next()]).toEqual(['', '', '']);
    silent = false;
    expect(voice.next()).toMatch(/:1$/);
  });
});

describe('a reader of messages', () => {
  it.each([
    ['', []],
    ['o:1', []],
    ['o:1:3:abc', ['abc']],
    ['o:1:0:', ['']],
    ['o:1:5:a:1:b:2:é:1:z', ['a:1:b', 'é', 'z']],
    ['o:1:0::0:', ['', '']],
  ])('finds the keys of %j', (text, keys) => {
    expect(read(new MessageReader(), text)).toEqual(keys);
  });

  it.each([':1', 'o', 'o:', 'o:x', 'o:0', 'o:1.5', 'o:1:abc', 'o:1:9:abc', 'o:1:-1:a', 'o:1:x:abc'])(
    'takes %j as a sign that something was lost',
    (text) => {
      expect(read(new MessageReader(), text)).toBeUndefined();
    },
  );

  it('notices a message that is missing, once', () => {
    const reader = new MessageReader();
    expect(read(reader, 'o:7:1:a')).toEqual(['a']);
    expect(read(reader, 'o:8:1:a')).toEqual(['a']);
    expect(read(reader, 'o:10:1:a')).toBeUndefined();
    expect(read(reader, 'o:11:1:a')).toEqual(['a']);
  });

  it('counts every origin by itself', () => {
    const reader = new MessageReader();
    for (const text of ['a:1', 'b:5', 'a:2', 'b:6']) expect(read(reader, text)).toEqual([]);
    expect(read(reader, 'a:4')).toBeUndefined();
    expect(read(reader, 'b:7')).toEqual([]);
  });

  it('reads a message that comes late, and goes on from the latest', () => {
    const reader = new MessageReader();
    read(reader, 'o:1');
    expect(read(reader, 'o:3')).toBeUndefined();
    expect(read(reader, 'o:2:1:k')).toEqual(['k']);
    expect(read(reader, 'o:4')).toEqual([]);
  });

  it('begins anew', () => {
    const reader = new MessageReader();
    read(reader, 'o:1');
    reader.begin();
    expect(read(reader, 'o:9')).toEqual([]);
  });

  it('remembers a bounded number of origins', () => {
    const reader = new MessageReader();
    for (let index = 0; index < 10_001; index += 1) read(reader, `o${index}:1`);
    // Were it remembered, this would be a gap.
    expect(read(reader, 'o1:5')).toEqual([]);
  });
});
