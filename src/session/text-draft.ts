import { joinTexts, parseFields } from './record/fields-text.js';
import type { SessionDraft, SessionFields } from './record/session-record.js';

/** What is to be stored of a session, as the texts that its fields had at a moment: what becomes of the fields since is not of it. */
export class TextDraft implements SessionDraft {
  readonly texts: ReadonlyMap<string, string>;
  readonly maxAge: number | null | undefined;
  #fields: SessionFields | undefined;

  /** `texts` by `fieldTexts`. */
  constructor(texts: ReadonlyMap<string, string>, maxAge: number | null | undefined) {
    this.texts = texts;
    this.maxAge = maxAge;
  }

  /** Read from the texts when somebody asks for them. */
  get fields(): SessionFields {
    return (this.#fields ??= parseFields(joinTexts(this.texts)));
  }
}
