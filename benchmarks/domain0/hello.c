/* The program that the rows of processes.c start: as little as a program can be. */
int main(void)
{
	return 0;
}
