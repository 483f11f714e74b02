/** The value of a YAML document. Throws a `SyntaxError` that names line and column. */
export declare function parse(content: string): unknown;
