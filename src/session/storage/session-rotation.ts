import { RedisUnavailableError } from '../../errors.js';
import { changedFields, changedSince } from '../record/changed-fields.js';
import { fieldTexts, joinTexts } from '../record/fields-text.js';
import { handleOf } from '../record/session-ids.js';
import type { Baseline, SessionDraft, SessionFields, SessionRecord } from '../record/session-record.js';
import { withoutUser } from '../record/user-fields.js';
import type { LiveSessions, StorageContext } from './live-sessions.js';
import type { LoginAttempt } from './session-storage.js';

/** What a session is rotated from and to. */
export interface Rotation {
  readonly id: string;
  readonly to: string;
  readonly draft: SessionDraft;
  readonly grace: number;
  readonly login: LoginAttempt | undefined;
  /** What the draft was made from; without it, the draft takes the place of what is stored. */
  readonly baseline: Baseline | undefined;
}

/** How a rotation stores the new session. */
export interface RotationWrites {
  /** Stores it as a new one, as old as the one that it takes the place of. */
  create(
    id: string,
    draft: SessionDraft,
    old: SessionRecord,
    login?: LoginAttempt,
  ): Promise<Baseline | undefined>;
  /** Stores what changed of it. Tells of nothing. */
  update(handle: string, draft: SessionDraft, baseline: Baseline): Promise<unknown>;
}

/** How often a rotation begins anew because others write to the session. */
const TRIES = 16;

/**
 * Gives a session a new id: the new one is stored, and then the old one is made what it reads for a while, if nobody has written to
 * it since it was read. What others wrote is added to the new one first. `undefined` = it was ended.
 */
export async function rotateSession(
  context: StorageContext,
  live: LiveSessions,
  rotation: Rotation,
  writes: RotationWrites,
): Promise<Baseline | undefined> {
  const { id, to, login } = rotation;
  const [from, handle] = [handleOf(id), handleOf(to)];
  const old = await live.read(from);
  if (old === undefined || old.frozen) return undefined;
  const { maxAge } = rotation.draft;
  const fields = startOf(rotation, old);
  const first = fields === rotation.draft.fields ? rotation.draft : { fields, maxAge };
  const made = await writes.create(to, first, old, login);
  if (made === undefined) return undefined;
  const add = async (before: SessionFields, after: SessionFields): Promise<void> => {
    const merged = withChanges(made.text, before, after);
    await writes.update(handle, { fields: merged, maxAge }, made);
  };
  const undo = async (): Promise<void> => {
    await context.records.destroy(handle);
    await context.index.leave(handle, made.userKey).catch(() => undefined);
  };
  let outcome: Awaited<ReturnType<typeof freeze>>;
  try {
    outcome = await freeze(context, live, { rotation, old, add });
  } catch (error) {
    // Nobody is told the new id.
    await undo().catch(() => undefined);
    throw error;
  }
  // It may have become what the old id leads to: to end it might sign somebody out. Else it ends by itself, as nobody has its id.
  if (outcome instanceof RedisUnavailableError) throw outcome;
  if (outcome === 'gone') {
    await undo();
    return undefined;
  }
  await context.index.leave(from, old.userKey).catch(() => undefined);
  context.report({ type: 'rotated', handle: from, to: handle });
  return asDrafted(made, rotation.draft);
}

/** Makes of the old one what it reads. `gone` = it was ended meanwhile; an error = nobody knows whether it was done. */
async function freeze(
  { records, settings }: StorageContext,
  live: LiveSessions,
  steps: {
    readonly rotation: Rotation;
    readonly old: SessionRecord;
    readonly add: (before: SessionFields, after: SessionFields) => Promise<void>;
  },
): Promise<'frozen' | 'gone' | RedisUnavailableError> {
  const { to, grace } = steps.rotation;
  let seen = steps.old;
  for (let tries = 0; tries < TRIES; tries++) {
    const fields = grace > 0 ? withoutUser(seen.fields, settings.userId) : {};
    const { version } = seen.baseline;
    const freezing = { version, fields, to: handleOf(to), grace };
    const outcome = await twice(() => records.freeze(seen.handle, freezing));
    if (outcome !== 'changed') return outcome;
    const later = await live.read(seen.handle);
    if (later === undefined || later.frozen) return 'gone';
    await steps.add(seen.fields, later.fields);
    seen = later;
  }
  return 'gone';
}

/** Asks again, once, what was not answered: that tells whether it was done. An error = that stays unknown. */
async function twice<T>(work: () => Promise<T>): Promise<T | RedisUnavailableError> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RedisUnavailableError)) throw error;
    return work().catch(() => error);
  }
}

/** Who has rotated it does not know what was added: his next write must not take that away. */
function asDrafted(made: Baseline, { fields, texts = fieldTexts(fields) }: SessionDraft): Baseline {
  const text = joinTexts(texts);
  return made.text === text ? made : { ...made, version: '', text };
}

/** What the new session holds at first: what is stored, with what the draft changes. */
function startOf({ draft, baseline }: Rotation, old: SessionRecord): SessionFields {
  if (baseline === undefined || baseline.version === old.baseline.version) return draft.fields;
  return applied(old.fields, draft.fields, changedSince(baseline, draft.texts ?? fieldTexts(draft.fields)));
}

function withChanges(text: string, before: SessionFields, after: SessionFields): SessionFields {
  const changed = changedFields(JSON.stringify(before), fieldTexts(after));
  return applied(JSON.parse(text) as SessionFields, after, changed);
}

function applied(
  fields: SessionFields,
  from: SessionFields,
  changed: ReadonlyMap<string, string>,
): SessionFields {
  const merged: Record<string, unknown> = { ...fields };
  for (const [name, text] of changed) {
    if (text === '') Reflect.deleteProperty(merged, name);
    else merged[name] = from[name];
  }
  return merged;
}
