// node validate.mjs FILE: whether @apidevtools/swagger-parser holds an OpenAPI document for valid.
import SwaggerParser from "@apidevtools/swagger-parser";

const api = await SwaggerParser.validate(process.argv[2]);
console.log(Object.keys(api.paths).length);
