/** The same keys with any words: what a second language of a block has to fill. */
export type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }
