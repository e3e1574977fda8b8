/** Where a workspace keeps what is not the user's. */
export const FLOE_DIR = '.floe'
