/** The codes of HTTP, by name. */
export declare const STATUS_CODE: {
  readonly NoContent: 204;
  readonly NotModified: 304;
  readonly BadRequest: 400;
  readonly NotFound: 404;
  readonly MethodNotAllowed: 405;
  readonly ContentTooLarge: 413;
  readonly InternalServerError: 500;
};
