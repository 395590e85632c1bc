import Libsql from 'libsql';

type Connection = InstanceType<typeof Libsql>;

/** What happens around the commit of every transaction. */
export interface CommitHooks {
  beforeCommit?: () => void | Promise<void>;
  afterCommit?: () => void | Promise<void>;
}

/** A transaction on a connection of its own. Until it commits nobody else sees what it writes. */
export class Transaction {
  readonly #connection: Connection;
  readonly #hooks: CommitHooks;

  constructor(file: string, hooks: CommitHooks) {
    this.#connection = open(file);
    this.#connection.exec('BEGIN IMMEDIATE');
    this.#hooks = hooks;
  }

  async run(sql: string, ...values: unknown[]): Promise<void> {
    this.#connection.prepare(sql).run(...values);
  }

  async get<T>(sql: string, ...values: unknown[]): Promise<T | undefined> {
    return this.#connection.prepare(sql).all(...values)[0] as T | undefined;
  }

  async commit(): Promise<void> {
    await this.#hooks.beforeCommit?.();
    this.#connection.exec('COMMIT');
    this.#connection.close();
    await this.#hooks.afterCommit?.();
  }

  async rollback(): Promise<void> {
    if (!this.#connection.open) return;
    this.#connection.exec('ROLLBACK');
    this.#connection.close();
  }
}

/**
 * An SQL database in a file, which several processes can open. Who reads sees what is committed, and waits for nobody;
 * writers take turns.
 */
export class Database implements CommitHooks {
  beforeCommit?: () => void | Promise<void>;
  afterCommit?: () => void | Promise<void>;
  readonly #file: string;
  readonly #reads: Connection;
  #held: Promise<void> | undefined;
  #waiting = 0;

  constructor(file: string) {
    this.#file = file;
    this.#reads = open(file);
  }

  async run(sql: string, ...values: unknown[]): Promise<void> {
    this.#reads.prepare(sql).run(...values);
  }

  async get<T>(sql: string, ...values: unknown[]): Promise<T | undefined> {
    const [row] = await this.all<T>(sql, ...values);
    return row;
  }

  async all<T>(sql: string, ...values: unknown[]): Promise<T[]> {
    const rows = this.#reads.prepare(sql).all(...values) as T[];
    this.#waiting += 1;
    await this.#held;
    this.#waiting -= 1;
    return rows;
  }

  async begin(): Promise<Transaction> {
    return new Transaction(this.#file, this);
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const tx = await this.begin();
    try {
      const result = await work(tx);
      await tx.commit();
      return result;
    } catch (error) {
      await tx.rollback();
      throw error;
    }
  }

  /** Runs several statements. */
  script(sql: string): void {
    this.#reads.exec(sql);
  }

  /** How many reads wait for their answer. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Holds back the answers to what is read from now on. They say what was committed when it was read. */
  hold(): () => void {
    let release!: () => void;
    this.#held = new Promise((resolve) => (release = resolve));
    return () => {
      this.#held = undefined;
      release();
    };
  }

  /** Reads from here on see what is committed now, and nothing later, as those of a replica that lags behind. */
  freeze(): void {
    this.#reads.exec('BEGIN');
    this.#reads.prepare('SELECT count(*) FROM products').all();
  }

  /** Ends that. */
  catchUp(): void {
    this.#reads.exec('COMMIT');
  }

  close(): void {
    this.#reads.close();
  }
}

function open(file: string): Connection {
  const connection = new Libsql(file, { timeout: 5_000 });
  connection.exec('PRAGMA journal_mode = WAL');
  return connection;
}
