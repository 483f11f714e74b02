/**
 * The PostgreSQL server of a test.
 *
 * @module
 */

export { PostgresServer, postgresFolder } from "../../../scripts/lib/postgres_server.ts";
