/** Whether an `If-None-Match` header asks for what has this `ETag`: false where the client has it already. */
export declare function ifNoneMatch(value: string | null, etag: string | undefined): boolean;
