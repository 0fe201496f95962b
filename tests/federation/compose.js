// Composes subgraphs, given as JSON on standard input: [{ "name", "sdl" }]. Writes the supergraph, or what hinders it.
import { readFileSync } from "node:fs";
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const subgraphs = JSON.parse(readFileSync(0, "utf8"));
const { supergraphSdl, errors } = composeServices(
  subgraphs.map(({ name, sdl }) => ({ name, url: `http://${name}.example`, typeDefs: parse(sdl) })),
);
console.log(JSON.stringify({ supergraph: supergraphSdl ?? null, errors: (errors ?? []).map(({ message }) => message) }));
