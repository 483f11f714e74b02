import { POSTGRES_LIMITS } from "../../src/servers/postgres/backend.ts";
import { postgresTest, usesPostgres, withPostgres } from "../support/services/with_postgres.ts";
import { asyncSuite } from "./async_suite.ts";

usesPostgres();
asyncSuite("PostgreSQL", withPostgres, { keyBytes: POSTGRES_LIMITS.keyBytes, test: postgresTest });
