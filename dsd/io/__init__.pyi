from .table_reading import first_table as first_table
from .table_reading import read_table as read_table
from .table_writing import write_table as write_table
