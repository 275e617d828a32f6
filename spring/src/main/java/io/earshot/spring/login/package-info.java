/** Logins by Spring Security: by the session of a cookie, or by a token. */
@NullMarked
package io.earshot.spring.login;

import org.jspecify.annotations.NullMarked;
