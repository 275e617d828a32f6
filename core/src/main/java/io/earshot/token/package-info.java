/**
 * JSON Web Tokens: the keys of settings and of other issuers, signatures, and the claims that each
 * token has. Nothing here waits.
 */
@NullMarked
package io.earshot.token;

import org.jspecify.annotations.NullMarked;
