/** Measures Earshot and what it is compared with. */
@NullMarked
package io.earshot.bench;

import org.jspecify.annotations.NullMarked;
