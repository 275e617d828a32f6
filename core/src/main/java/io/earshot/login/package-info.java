/**
 * Logins: who a client is, by its token. Keys of other issuers are fetched in the background, so
 * that event loops never wait.
 */
@NullMarked
package io.earshot.login;

import org.jspecify.annotations.NullMarked;
