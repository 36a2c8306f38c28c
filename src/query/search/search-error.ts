/** Why a search cannot be understood. Messages say where and what is taken instead; details name the column or field. */
import { MeshError } from '../../base/errors.ts'

export type SearchErrorCode =
  /** The filter's text or JSON; `details.column` counts characters from 1. */
  | 'SEARCH_FILTER'
  /** A member of the JSON of a query; `details.field` names it. */
  | 'SEARCH_QUERY'
  /** A cursor that is none, or of another search. */
  | 'SEARCH_CURSOR'

export class SearchError extends MeshError<SearchErrorCode> {}
