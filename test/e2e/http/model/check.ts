import fc from 'fast-check';
import type { AppProgram } from './app-program.js';
import { Judge, type Answered } from './judge.js';
import { TICK } from './model-routes.js';
import { surelyStored } from './must-be-hit.js';
import { sawConditions, unconditionalRun } from './must-be-whole.js';
import type { Player } from './play.js';
import type { Ask, Played } from './record.js';
import { storyOf } from './story.js';

/** What answers there were, and how many must have been hits. */
export type Counts = Partial<Record<Answered | 'surely stored', number>>;

/** Plays a program, throws if an answer is wrong, and counts what there was. */
export async function check(player: Player, program: AppProgram, counts: Counts): Promise<void> {
  const played = await player.play(program);
  // The machine stood still for so long that the model cannot tell what time it was.
  fc.pre(played.drift < 0.9 * TICK);
  const judge = new Judge(program.route, played);
  const count = (what: keyof Counts): void => void (counts[what] = (counts[what] ?? 0) + 1);
  const wrongOf = (ask: Ask): string[] => {
    const { answered, wrong } = judge.verdict(ask);
    count(answered);
    if (answered === 'revalidate' && wrong.length === 0 && !isRenewed(ask, played))
      return ['nobody renews it'];
    const whole = unconditionalRun(ask, played, program.route);
    if (whole !== undefined && sawConditions(whole)) return [`run ${whole.id} saw what its client has`];
    const stored = surelyStored(ask, played, judge);
    if (stored === undefined) return [...wrong];
    count('surely stored');
    return ask.runs.length === 0 ? [...wrong] : [...wrong, `run ${stored.made.id} was not stored`];
  };
  const wrong = played.asks.flatMap((ask) => wrongOf(ask).map((reason) => `answer to ${ask.id}: ${reason}`));
  if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${storyOf(played)}`);
}

/** Whether a stale response that was served is renewed, where that is certain: nothing else was under way, and nothing failed. */
function isRenewed(ask: Ask, { runs }: Played): boolean {
  const failed = runs.some(({ status, began }) => status >= 500 && began < ask.answered);
  return !ask.alone || failed || ask.runs.some(({ background }) => background);
}
