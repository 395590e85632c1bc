/**
 * A class, abstract and private constructors included. Only its `prototype` and its `name` are used: the constructor is
 * never called.
 */
export interface Type<T extends object = object> {
  readonly name: string;
  readonly prototype: T;
}
