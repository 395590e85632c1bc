import { describe, expect, it } from 'vitest';
import {
  describeFindings,
  findingsOf,
  type Answer,
} from '../../../examples/cities/src/two-processes/findings.js';

function answer(asked: number, change: number, fromMemory = true): Answer {
  return { asked, answered: asked + 1, change, fromMemory };
}

describe('what the answers of the second process come to', () => {
  it('counts as old what was asked for after a change was acknowledged and does not show it', () => {
    const answers = [answer(0, 0), answer(99, 0), answer(101, 0), answer(105, 0), answer(108, 1, false)];
    expect(findingsOf('/', answers, [100])).toEqual({
      page: '/',
      changes: 1,
      answers: 5,
      fromMemory: 4,
      newAfter: 9,
      old: 2,
      oldUntil: 5,
    });
  });

  it('sees an old value that comes back, by the first change that it does not show', () => {
    const answers = [answer(101, 1), answer(201, 2), answer(1_700, 0)];
    expect(findingsOf('/', answers, [100, 200])).toMatchObject({ old: 1, oldUntil: 1_600 });
  });

  it('knows an answer that came before the acknowledgement, and a change that was never shown', () => {
    expect(findingsOf('/', [answer(97, 1)], [100])).toMatchObject({ newAfter: -2, old: 0, oldUntil: 0 });
    expect(findingsOf('/', [answer(99, 0)], [100])).toMatchObject({ newAfter: Infinity });
  });

  it('is a table', () => {
    const found = [
      findingsOf('/cities/1', [answer(0, 0), answer(102.5, 1, false)], [100]),
      findingsOf('/countries/de', [answer(2_000, 0)], [100]),
    ];
    expect(describeFindings(found)).toBe(
      [
        '  asked of the second   answers   from memory   new value after   old answers       until',
        '  /cities/1                   2        50.0 %            3.5 ms             0           -',
        '  /countries/de               1       100.0 %             never             1   1900.0 ms',
      ].join('\n'),
    );
  });
});
