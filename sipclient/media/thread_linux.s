// Empty: with it the compiler takes functions without a body (thread_linux.go).
