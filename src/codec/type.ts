/**
 * A class, abstract and private constructors included. Only its `prototype` and its `name` are used: the constructor is
 * never called. An instance is rebuilt from its own enumerable fields; private `#fields` are out of reach and are lost.
 */
export interface Type<T extends object = object> {
  readonly name: string;
  readonly prototype: T;
}
