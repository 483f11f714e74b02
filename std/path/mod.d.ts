/** The path of a `file:` URL. */
export declare function fromFileUrl(url: string | URL): string;

/** One path of several. */
export declare function join(path: string | URL, ...paths: string[]): string;
