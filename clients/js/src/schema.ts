export type operations = Record<string, any>;
