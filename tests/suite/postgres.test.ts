import { postgresTest, usesPostgres, withPostgres } from "../support/services/with_postgres.ts";
import { asyncSuite } from "./async_suite.ts";

usesPostgres();
asyncSuite("PostgreSQL", withPostgres, { kind: "postgres", test: postgresTest });
